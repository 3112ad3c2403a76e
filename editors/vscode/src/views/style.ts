/** The style of the pages, in the colours of the editor's theme. */
export const STYLE = `
body { max-width: 60rem; padding: 0 1.2rem 2rem; line-height: 1.45; }
h1 { font-size: 1.5rem; font-weight: 600; margin: 1.2rem 0 .4rem; }
h2 { font-size: 1.1rem; font-weight: 600; margin: 1.6rem 0 .5rem; border-bottom: 1px solid var(--vscode-widget-border, var(--vscode-panel-border)); padding-bottom: .2rem; }
p { margin: .4rem 0; }
code { font-family: var(--vscode-editor-font-family); color: var(--vscode-textPreformat-foreground); background: none; padding: 0; }
a.place { font-family: var(--vscode-editor-font-family); font-size: .9em; text-decoration: none; color: var(--vscode-textLink-foreground); }
a.place:hover { text-decoration: underline; }
.verdict { border-left: 3px solid var(--vscode-textLink-foreground); padding-left: .8rem; font-size: 1.05rem; }
.muted { color: var(--vscode-descriptionForeground); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; margin: .8rem 0; }
dt { color: var(--vscode-descriptionForeground); }
dd { margin: 0; }
ul, ol { padding-left: 1.3rem; margin: .4rem 0; }
li { margin: .25rem 0; }
h2 a.place { font-weight: normal; font-size: .75em; }
td code, td a.place { overflow-wrap: anywhere; }
td:first-child, td.aspect { white-space: nowrap; }
summary { cursor: pointer; margin: .3rem 0; }
summary .answer { margin-right: .6rem; }
.answer, .state { display: inline-block; min-width: 4.2rem; text-align: center; border: 1px solid currentColor; border-radius: 3px; font-size: .82em; padding: 0 .4rem; }
.no, .fail, .lost { color: var(--vscode-editorError-foreground); }
.unknown, .cannot-see, .drifted { color: var(--vscode-editorWarning-foreground); }
.yes, .pass, .same { color: var(--vscode-charts-green); }
.not-applicable { color: var(--vscode-descriptionForeground); }
table { border-collapse: collapse; width: 100%; margin: .4rem 0; }
th, td { text-align: left; vertical-align: top; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--vscode-widget-border, var(--vscode-panel-border)); }
th { font-weight: 600; color: var(--vscode-descriptionForeground); }
.answer.no { color: var(--vscode-descriptionForeground); }
`;
