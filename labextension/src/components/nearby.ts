import type { IDisposable } from '@lumino/disposable';
import * as React from 'react';

/** How far beyond the visible part things are prepared. */
const MARGIN = '1200px 0px';

/** Tells when elements of a scrolling one come near its visible part. */
export class Nearby implements IDisposable {
  constructor(root: HTMLElement) {
    this.observer = new IntersectionObserver(
      entries => {
        for (const entry of entries.filter(one => one.isIntersecting)) {
          this.observer.unobserve(entry.target);
          this.waiting.get(entry.target)?.();
        }
      },
      { root, rootMargin: MARGIN }
    );
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  /** Call back once when the element comes near; returns how to give up. */
  once(element: Element, callback: () => void): () => void {
    this.waiting.set(element, callback);
    this.observer.observe(element);
    return () => this.observer.unobserve(element);
  }

  dispose(): void {
    this.disposed = true;
    this.observer.disconnect();
  }

  private readonly observer: IntersectionObserver;
  private readonly waiting = new WeakMap<Element, () => void>();
  private disposed = false;
}

export const NearbyContext = React.createContext<Nearby | null>(null);
