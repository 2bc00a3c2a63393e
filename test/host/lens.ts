import type { Page } from 'playwright-core';

interface Point {
  x: number;
  y: number;
}

/** Clicks the lens of `title` right above plan `name`, once it is there and stands still: lenses move as their words arrive. */
export async function clickLens(page: Page, name: string, title: string): Promise<void> {
  let place = await placeOf(page, name, title);
  for (let before: Point | undefined; before?.x !== place.x || before.y !== place.y; ) {
    before = place;
    await page.waitForTimeout(300);
    place = await placeOf(page, name, title);
  }
  await page.mouse.click(place.x, place.y);
}

async function placeOf(page: Page, name: string, title: string): Promise<Point> {
  const place = await page.waitForFunction(
    ([plan, words]) => {
      const starts = new RegExp(`^plan\\s+${plan}\\b`);
      const line = [...document.querySelectorAll('.view-line')]
        .find((one) => starts.test(one.textContent ?? ''))
        ?.getBoundingClientRect();
      if (!line) return null;
      const lens = [...document.querySelectorAll('.codelens-decoration a')]
        .filter((one) => one.textContent?.includes(words as string))
        .map((one) => one.getBoundingClientRect())
        .find((box) => box.height > 0 && Math.abs(box.bottom - line.top) < line.height);
      return lens ? { x: lens.x + lens.width / 2, y: lens.y + lens.height / 2 } : null;
    },
    [name, title],
  );
  return (await place.jsonValue()) as Point;
}
