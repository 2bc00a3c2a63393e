/** Copy and save what is on show. */
import * as l10n from '@vscode/l10n';
import type { Channel } from '../channel';
import { createMenu } from '../parts/menu';
import { toPng, toSvg } from './picture';

export interface Exportable {
  /** Of the file that is offered. */
  name: string;
  /** Null where there is nothing but words. */
  picture: SVGSVGElement | null;
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
  /** The same on its picture. */
  const drawn = (label: string, run: (picture: SVGSVGElement, name: string) => void) => ({
    ...action(label, ({ picture, name }) => picture && run(picture, name)),
    enabled: () => Boolean(content()?.picture),
  });
  const save = (format: 'svg' | 'csv' | 'md', name: string, text: string) =>
    channel.post({ type: 'save', format, name, content: text });
  return createMenu(l10n.t('Export'), [
    action(l10n.t('Copy as Markdown'), ({ markdown }) => channel.post({ type: 'copy', text: markdown() })),
    action(l10n.t('Copy as CSV'), ({ csv }) => channel.post({ type: 'copy', text: csv() })),
    drawn(l10n.t('Copy as SVG'), (picture) => channel.post({ type: 'copy', text: toSvg(picture) })),
    drawn(l10n.t('Save as SVG…'), (picture, name) => save('svg', name, toSvg(picture))),
    drawn(l10n.t('Save as PNG…'), (picture, name) => {
      void toPng(picture).then((content) => channel.post({ type: 'save', format: 'png', name, content }));
    }),
    action(l10n.t('Save as CSV…'), ({ name, csv }) => save('csv', name, csv())),
    action(l10n.t('Save as Markdown…'), ({ name, markdown }) => save('md', name, markdown())),
  ]);
}
