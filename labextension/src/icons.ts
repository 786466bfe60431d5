import { LabIcon } from '@jupyterlab/ui-components';

function icon(name: string, body: string, viewBox = '0 0 16 16'): LabIcon {
  const svgstr = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${viewBox}" width="16" height="16">${body}</svg>`;
  return new LabIcon({ name: `wegent:${name}`, svgstr });
}

const stroke =
  'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"';

/** Three machines joined to one hub. */
export const wegentIcon = icon(
  'icon',
  `<g class="jp-icon3" fill="#616161"><circle cx="12" cy="12" r="3.4"/><circle cx="4.5" cy="5" r="2.3"/><circle cx="19.5" cy="5" r="2.3"/><circle cx="12" cy="21" r="2.3"/><path d="M5.6 6 11 11.2M18.4 6 13 11.2M12 13v6" stroke-width="1.6" class="jp-icon3" stroke="#616161" fill="none"/></g>`,
  '0 0 24 24'
);

export const queuedIcon = icon(
  'queued',
  `<circle cx="8" cy="8" r="5.5" ${stroke}/><path d="M8 5v3l2 1.5" ${stroke}/>`
);
export const runningIcon = icon(
  'running',
  `<circle cx="8" cy="8" r="5" fill="currentColor"/>`
);
export const doneIcon = icon(
  'done',
  `<path d="m3 8.5 3.5 3.5L13 5" ${stroke}/>`
);
export const failedIcon = icon(
  'failed',
  `<path d="m4 4 8 8m0-8-8 8" ${stroke}/>`
);
export const stoppedIcon = icon(
  'stopped',
  `<rect x="4" y="4" width="8" height="8" rx="1" fill="currentColor"/>`
);
export const warnIcon = icon(
  'warn',
  `<path d="M8 2.3 14.3 13.4H1.7z" ${stroke}/><path d="M8 6.4v3.2M8 11.4v.1" ${stroke}/>`
);
export const ringIcon = icon(
  'ring',
  `<circle cx="8" cy="8" r="4.5" ${stroke}/>`
);
export const starIcon = icon(
  'star',
  `<path d="m8 1.8 1.9 4 4.4.6-3.2 3 .8 4.4L8 11.7l-3.9 2.1.8-4.4-3.2-3 4.4-.6z" fill="currentColor"/>`
);
export const noStarIcon = icon(
  'no-star',
  `<path d="m8 1.8 1.9 4 4.4.6-3.2 3 .8 4.4L8 11.7l-3.9 2.1.8-4.4-3.2-3 4.4-.6z" ${stroke.replace('2"', '1.2"')}/>`
);
export const sendIcon = icon(
  'send',
  `<path d="M2 2.5 14.5 8 2 13.5l1.8-4.6L9 8 3.8 7.1z" fill="currentColor"/>`
);
export const thoughtIcon = icon(
  'thought',
  `<path d="M8 2.2a4.2 4.2 0 0 0-2.4 7.6v1.7h4.8V9.8A4.2 4.2 0 0 0 8 2.2zM6.3 14h3.4" ${stroke.replace('2"', '1.5"')}/>`
);
/** A branch of a repository. */
export const branchIcon = icon(
  'branch',
  `<g ${stroke.replace('2"', '1.4"')}><circle cx="4.5" cy="3.5" r="1.7"/><circle cx="4.5" cy="12.5" r="1.7"/><circle cx="11.5" cy="5" r="1.7"/><path d="M4.5 5.2v5.6M11.5 6.7c0 2.6-2.4 2.6-5 3.6"/></g>`
);
export const attachIcon = icon(
  'attach',
  `<path d="m13 7.6-5.2 5.2a3 3 0 0 1-4.3-4.3l5.6-5.6a2 2 0 0 1 2.9 2.9L6.6 11.2a1 1 0 0 1-1.4-1.4l4.9-4.9" ${stroke.replace('2"', '1.4"')}/>`
);
/** A sheet with a line added and one removed. */
export const changesIcon = icon(
  'changes',
  `<path d="M3.5 1.8h9v12.4h-9zM8 4v4M6 6h4M6 10.8h4" ${stroke.replace('2"', '1.3"')}/>`
);
