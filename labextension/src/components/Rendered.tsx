import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import * as React from 'react';

import { NearbyContext } from './nearby';
import { Painter } from './painter';

export const RenderMimeContext =
  React.createContext<IRenderMimeRegistry | null>(null);

/** Text through a mime renderer of JupyterLab; plain until it comes near the visible part. */
export function Rendered(props: {
  mimeType: string;
  text: string;
  /** The text is in the element. */
  onPainted?: (text: string, host: HTMLElement) => void;
}): React.ReactElement {
  const { mimeType, text, onPainted } = props;
  const rendermime = React.useContext(RenderMimeContext);
  const nearby = React.useContext(NearbyContext);
  const host = React.useRef<HTMLDivElement>(null);
  const painter = React.useRef<Painter | null>(null);
  const [near, setNear] = React.useState(false);
  const [painted, setPainted] = React.useState(false);

  React.useEffect(
    () =>
      host.current
        ? nearby?.once(host.current, () => setNear(true))
        : undefined,
    [nearby]
  );

  // A layout effect, since Lumino wants its widgets detached while they are still in the page.
  React.useLayoutEffect(() => {
    const { current } = host;
    if (!near || !rendermime || !current) {
      return;
    }
    const made = new Painter(rendermime, mimeType, current, done => {
      setPainted(true);
      onPainted?.(done, current);
    });
    painter.current = made;
    return () => {
      painter.current = null;
      made.dispose();
    };
  }, [near, rendermime, mimeType, onPainted]);

  React.useEffect(() => painter.current?.paint(text), [text, near, onPainted]);

  return (
    <div className="wegent-Rendered" ref={host}>
      {!painted && <pre className="wegent-Plain">{text}</pre>}
    </div>
  );
}
