/** Copy and save the waterfall. */
import type { Estimate } from '../../src/protocol';
import type { Channel } from '../channel';
import { createMenu } from '../parts/menu';
import { toPng, toSvg } from './picture';
import { toCsv, toMarkdown } from './text';

export function createExport(estimate: () => Estimate | null, picture: SVGSVGElement, channel: Channel): HTMLElement {
  /** An action on the estimate on show; nothing where there is none. */
  const action = (label: string, run: (one: Estimate) => void) => ({
    label,
    run: () => {
      const one = estimate();
      if (one) run(one);
    },
  });
  return createMenu('Export', [
    action('Copy as Markdown', (one) => channel.post({ type: 'copy', text: toMarkdown(one) })),
    action('Copy as CSV', (one) => channel.post({ type: 'copy', text: toCsv(one) })),
    action('Copy as SVG', () => channel.post({ type: 'copy', text: toSvg(picture) })),
    action('Save as SVG…', ({ name }) => channel.post({ type: 'save', format: 'svg', name, content: toSvg(picture) })),
    action('Save as PNG…', ({ name }) => {
      void toPng(picture).then((content) => channel.post({ type: 'save', format: 'png', name, content }));
    }),
    action('Save as CSV…', (one) => channel.post({ type: 'save', format: 'csv', name: one.name, content: toCsv(one) })),
    action('Save as Markdown…', (one) => channel.post({ type: 'save', format: 'md', name: one.name, content: toMarkdown(one) })),
  ]);
}
