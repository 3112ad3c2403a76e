import { Component, type ComponentChildren } from "preact";

interface Props {
  /** What the boundary holds, as the message names it. */
  name: string;
  children: ComponentChildren;
}

/** Keeps a failure of one part of the page from taking the others with it. */
export class Boundary extends Component<Props, { error: Error | undefined }> {
  override state: { error: Error | undefined } = { error: undefined };

  override componentDidCatch(error: Error): void {
    this.setState({ error });
  }

  override render({ name, children }: Props) {
    const { error } = this.state;
    if (!error) return children;
    return (
      <div class="failure" role="alert">
        <p><strong>{name} could not be shown.</strong> Your files are unharmed, and everything else goes on.</p>
        <p class="muted">{error.message}</p>
        <button type="button" onClick={() => this.setState({ error: undefined })}>Try again</button>
      </div>
    );
  }
}

/** Renders its children only while they are shown, and leaves what was rendered before as it is. */
export class WhileShown extends Component<{ shown: boolean; children: () => ComponentChildren }> {
  #last: ComponentChildren = null;

  override shouldComponentUpdate({ shown }: { shown: boolean }): boolean {
    return shown;
  }

  override render() {
    if (this.props.shown) this.#last = this.props.children();
    return <>{this.#last}</>;
  }
}
