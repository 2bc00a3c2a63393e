import type { Page } from 'playwright-core';

/** Clicks the lens of `title` right above plan `name`, once it is there. */
export async function clickLens(page: Page, name: string, title: string): Promise<void> {
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
  const { x, y } = (await place.jsonValue()) as { x: number; y: number };
  await page.mouse.click(x, y);
}
