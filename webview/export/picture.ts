/** The picture as it looks now, by itself: computed styles are written into a copy, so that it needs no style sheet. */
import { settle } from '../paint/motion';

const PROPERTIES = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-linejoin',
  'opacity',
  'paint-order',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
];

export function toSvg(picture: SVGSVGElement): string {
  settle(picture);
  const copy = picture.cloneNode(true) as SVGSVGElement;
  const originals = [picture, ...picture.querySelectorAll('*')];
  const copies = [copy, ...copy.querySelectorAll('*')];
  originals.forEach((original, index) => {
    const style = getComputedStyle(original);
    for (const property of PROPERTIES) {
      const value = style.getPropertyValue(property);
      // Presentation attributes, as the page's policy has no use for style attributes.
      if (value !== '') copies[index]?.setAttribute(property, value.replace(/url\("?[^"#)]*(#[^")]+)"?\)/, 'url($1)'));
    }
  });
  for (const hidden of copy.querySelectorAll('.hit, .focus')) hidden.remove();
  const { width, height } = picture.getBoundingClientRect();
  const background = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  background.setAttribute('width', String(width));
  background.setAttribute('height', String(height));
  background.setAttribute('fill', getComputedStyle(document.body).getPropertyValue('--vscode-editor-background'));
  copy.prepend(background);
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return new XMLSerializer().serializeToString(copy);
}

/** The same in pixels, twice as dense, as base64. */
export async function toPng(picture: SVGSVGElement): Promise<string> {
  const { width, height } = picture.getBoundingClientRect();
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(toSvg(picture))}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = Math.ceil(width * 2);
  canvas.height = Math.ceil(height * 2);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no canvas');
  context.scale(2, 2);
  context.drawImage(image, 0, 0);
  return canvas.toDataURL('image/png').slice('data:image/png;base64,'.length);
}
