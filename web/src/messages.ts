import { signal } from "@preact/signals";

interface Offer {
  label: string;
  run: () => void;
}

interface Toast {
  message: string;
  offer: Offer | undefined;
}

/** A question in a dialog, with the labels of its answers. */
interface Asked {
  title: string;
  text: string;
  options: string[];
  answer: (option: string | undefined) => void;
}

/** What the page says and asks. */
export abstract class Messages {
  readonly toast = signal<Toast | undefined>(undefined);
  readonly asked = signal<Asked | undefined>(undefined);
  #hideToast: ReturnType<typeof setTimeout> | undefined;

  abstract undo(): void;

  /** Shows a message for a while, with an offer: to undo the last step, or another one. */
  say(message: string, offered: boolean | Offer = false): void {
    const offer = offered === true ? { label: "Undo", run: () => this.undo() } : offered || undefined;
    this.toast.value = { message, offer };
    clearTimeout(this.#hideToast);
    this.#hideToast = setTimeout(() => (this.toast.value = undefined), offer ? 12_000 : 6000);
  }

  ask(title: string, text: string, options: string[]): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.asked.value = { title, text, options, answer: (option) => {
        this.asked.value = undefined;
        resolve(option);
      } };
    });
  }
}
