/** What scrolls the cells of a notebook. */
export const CELLS = '.jp-WindowedPanel-outer';

/** Where a card says which task it shows as it goes on. */
export const SHOWS = 'data-shows-task';

/** Whether a person who looks at the page sees how a task goes on, in a card of a notebook. */
export function isSeenInCard(taskId: number): boolean {
  const headers = document.querySelectorAll(
    `.wegent-Card[data-kind="live"] [${SHOWS}="${taskId}"]`
  );
  return [...headers].some(isInSight);
}

function isInSight(element: Element): boolean {
  const { top, bottom, height } = element.getBoundingClientRect();
  const cells = element.closest(CELLS)?.getBoundingClientRect();
  const above = cells?.top ?? 0;
  const below = cells?.bottom ?? window.innerHeight;
  return height > 0 && bottom > above && top < below;
}
