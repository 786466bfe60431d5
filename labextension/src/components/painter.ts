import { MimeModel, type IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { IDisposable } from '@lumino/disposable';
import { Widget } from '@lumino/widgets';

/** A repaint waits this many times as long as the last one took, so that a long text that grows leaves the page usable. */
const REST = 3;

/** Shows a text that grows through one of the application's mime renderers. */
export class Painter implements IDisposable {
  constructor(
    rendermime: IRenderMimeRegistry,
    private readonly mimeType: string,
    host: HTMLElement,
    private readonly onPainted: (text: string) => void
  ) {
    this.renderer = rendermime.createRenderer(mimeType);
    Widget.attach(this.renderer, host);
  }

  get isDisposed(): boolean {
    return this.renderer.isDisposed;
  }

  /** Show this text, now or as soon as the last one is done. */
  paint(text: string): void {
    this.wanted = text;
    if (!this.busy) {
      void this.work();
    }
  }

  dispose(): void {
    this.renderer.dispose();
  }

  private async work(): Promise<void> {
    this.busy = true;
    while (this.wanted !== null && !this.isDisposed) {
      const text = this.wanted;
      this.wanted = null;
      const began = performance.now();
      await this.show(text);
      await sleep((performance.now() - began) * REST);
    }
    this.busy = false;
  }

  private async show(text: string): Promise<void> {
    const data = { [this.mimeType]: text };
    try {
      await this.renderer.renderModel(new MimeModel({ data }));
    } catch (error) {
      console.warn('Wegent: a text could not be rendered', error);
      this.renderer.node.textContent = text;
    }
    this.onPainted(text);
  }

  private readonly renderer: IRenderMime.IRenderer;
  private wanted: string | null = null;
  private busy = false;
}

function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}
