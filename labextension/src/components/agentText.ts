/** Renders what agents write: nothing is fetched by itself, no link leads away from the page. */

import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';

/** Links that open in a new browser tab. */
const OUTSIDE = /^(https?:|mailto:)/i;

/** What people press and fill in. */
const CONTROLS = 'button, form, input, select, option, textarea';

/** A registry like the given one, for text that comes from agents. */
export function forAgents(base: IRenderMimeRegistry): IRenderMimeRegistry {
  return base.clone({ sanitizer: new AgentSanitizer(base.sanitizer) });
}

/**
 * The application's sanitizer, and more: media of another host would tell that host what the agent put in their
 * address, a relative link would replace JupyterLab by an error page, and a click could run JupyterLab's commands.
 */
class AgentSanitizer implements IRenderMime.ISanitizer {
  constructor(private readonly base: IRenderMime.ISanitizer) {}

  /** Ids in the page are JupyterLab's own. */
  readonly allowNamedProperties = false;

  getAutolink(): boolean {
    return this.base.getAutolink?.() ?? true;
  }

  sanitize(dirty: string, options?: IRenderMime.ISanitizerOptions): string {
    const { body } = new DOMParser().parseFromString(
      this.base.sanitize(dirty, options),
      'text/html'
    );
    body.querySelectorAll('img, audio, video').forEach(linkMedia);
    body.querySelectorAll('[style]').forEach(dropFetchingStyle);
    body.querySelectorAll('*').forEach(unlinkCommand);
    body.querySelectorAll(CONTROLS).forEach(unwrapControl);
    body.querySelectorAll('a').forEach(guardLink);
    return body.innerHTML;
  }
}

function linkMedia(media: Element): void {
  const source =
    media.getAttribute('src') ??
    media.querySelector('[src]')?.getAttribute('src') ??
    '';
  if (media.localName === 'img' && source.startsWith('data:')) {
    return;
  }
  const link = media.ownerDocument.createElement('a');
  link.setAttribute('href', source);
  link.textContent = media.getAttribute('alt') ?? source;
  media.replaceWith(link);
}

function dropFetchingStyle(element: Element): void {
  if (/url|image/i.test(element.getAttribute('style') ?? '')) {
    element.removeAttribute('style');
  }
}

/** JupyterLab runs the command that such an attribute names when its element is clicked. */
function unlinkCommand(element: Element): void {
  for (const name of element.getAttributeNames()) {
    if (name.startsWith('data-commandlinker')) {
      element.removeAttribute(name);
    }
  }
}

/** Keep the words of a control; a list of tasks keeps its boxes, as characters. */
function unwrapControl(control: Element): void {
  if (control instanceof HTMLInputElement && control.type === 'checkbox') {
    control.replaceWith(control.checked ? '☑' : '☐');
  } else {
    control.replaceWith(...control.childNodes);
  }
}

function guardLink(link: HTMLAnchorElement): void {
  if (OUTSIDE.test(link.getAttribute('href') ?? '')) {
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
  } else {
    link.replaceWith(...link.childNodes);
  }
}
