import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { deviceName } from '../model/terminals';
import type { TerminalView } from '../model/terminalView';
import { hindrance, viewLine } from '../model/terminalWords';
import { unhidden } from '../model/text';
import { useFace } from './face';
import { useAction, useDevice, useValue } from './hooks';
import { IconButton } from './IconButton';
import { Thrown } from './Problem';
import { PushButton } from './PushButton';

/** How a view of a terminal stands, where the terminal alone does not tell. */
export function TerminalBanner(props: {
  view: TerminalView;
  /** The tab shows a new shell. */
  onRenewed: () => void;
  /** What it says takes so many pixels. */
  onHeight: (height: number) => void;
}): React.ReactElement {
  const { gateway, trans } = useFace();
  const { view } = props;
  const box = useHeight(props.onHeight);
  const state = useValue(view.state);
  const place = useValue(view.place);
  const device = useDevice(place.device);
  useValue(gateway.terminals);
  const name = deviceName(gateway, place);
  const line = viewLine(trans, state, name, device?.status);
  return (
    <>
      <div ref={box} className="wegent-TerminalState" data-state={state.kind}>
        {/* Always there, so that screen readers speak what comes into it. */}
        <span role="status" title={line}>
          {line}
        </span>
        {state.kind === 'ended' && <NewShell {...props} />}
      </div>
      <Notice view={view} />
    </>
  );
}

/** Tell the height of an element, and each new one. */
function useHeight(
  tell: (height: number) => void
): React.RefObject<HTMLDivElement> {
  const box = React.useRef<HTMLDivElement>(null);
  const told = React.useRef(tell);
  React.useEffect(() => {
    const observer = new ResizeObserver(() =>
      told.current(Math.ceil(box.current?.getBoundingClientRect().height ?? 0))
    );
    if (box.current) {
      observer.observe(box.current, { box: 'border-box' });
    }
    return () => observer.disconnect();
  }, []);
  return box;
}

function NewShell(props: {
  view: TerminalView;
  onRenewed: () => void;
}): React.ReactElement {
  const { trans } = useFace();
  const { view, onRenewed } = props;
  const { device: id, path } = useValue(view.place);
  const device = useDevice(id);
  const { busy, problem, run } = useAction();
  const reason = hindrance(trans, device);
  const title = path
    ? trans.__('Start a new shell in %1', unhidden(path))
    : trans.__('Start a new shell');
  return (
    <>
      <PushButton
        text={trans.__('New shell')}
        title={reason || title}
        disabled={busy || reason !== ''}
        onClick={() => run(() => view.renew().then(onRenewed))}
      />
      <Thrown error={problem} />
    </>
  );
}

/** What the server says about the terminal, until it is dismissed. */
function Notice(props: { view: TerminalView }): React.ReactElement {
  const { trans } = useFace();
  const { notice } = props.view;
  const message = useValue(notice);
  return (
    <div className="wegent-TerminalNotice">
      <span role="status">{message && unhidden(message)}</span>
      {message && (
        <IconButton
          icon={closeIcon}
          label={trans.__('Dismiss')}
          onClick={() => notice.set(null)}
        />
      )}
    </div>
  );
}
