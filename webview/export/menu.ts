/** Copy and save what is on show. */
import type { Channel } from '../channel';
import { createMenu } from '../parts/menu';
import { toPng, toSvg } from './picture';

export interface Exportable {
  /** Of the file that is offered. */
  name: string;
  picture: SVGSVGElement;
  markdown: () => string;
  csv: () => string;
}

export function createExport(content: () => Exportable | null, channel: Channel): HTMLElement {
  /** An action on what is on show; nothing where there is nothing. */
  const action = (label: string, run: (one: Exportable) => void) => ({
    label,
    run: () => {
      const one = content();
      if (one) run(one);
    },
  });
  const save = (format: 'svg' | 'csv' | 'md', name: string, text: string) =>
    channel.post({ type: 'save', format, name, content: text });
  return createMenu('Export', [
    action('Copy as Markdown', ({ markdown }) => channel.post({ type: 'copy', text: markdown() })),
    action('Copy as CSV', ({ csv }) => channel.post({ type: 'copy', text: csv() })),
    action('Copy as SVG', ({ picture }) => channel.post({ type: 'copy', text: toSvg(picture) })),
    action('Save as SVG…', ({ name, picture }) => save('svg', name, toSvg(picture))),
    action('Save as PNG…', ({ name, picture }) => {
      void toPng(picture).then((content) => channel.post({ type: 'save', format: 'png', name, content }));
    }),
    action('Save as CSV…', ({ name, csv }) => save('csv', name, csv())),
    action('Save as Markdown…', ({ name, markdown }) => save('md', name, markdown())),
  ]);
}
