import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IDevice } from '../../api/types';
import { doneIcon, ringIcon } from '../../icons';
import { usable } from '../../model/choices';
import { present } from '../../model/devices';
import { arrived } from '../../model/joining';
import { unhidden } from '../../model/text';
import { useFace } from '../face';
import { useLoaded, useValue } from '../hooks';
import { Thrown } from '../Problem';
import { PushButton } from '../PushButton';
import type { Awaited } from './AddDevice';

/** After this long, in ms, a machine that does not come has a reason. */
const PATIENCE = 20_000;

/** Waits for the machine, and says where that stands. */
export function Arrival(props: {
  awaited: Awaited;
  onTested: (works: boolean) => void;
}): React.ReactElement {
  const { gateway, trans } = useFace();
  const { awaited, onTested } = props;
  const device = find(useValue(gateway.devices), awaited);
  const late = useLate(awaited);
  const stages = React.useRef<HTMLUListElement>(null);
  // The button that led here is gone; this may be out of sight.
  React.useEffect(() => stages.current?.focus(), [awaited]);
  return (
    <>
      <ul ref={stages} tabIndex={-1} className="wegent-List wegent-Stages">
        <Stage done text={letIn(trans, awaited)} />
        {device ? (
          <Test device={device} onTested={onTested} />
        ) : (
          <Stage done={false} text={trans.__('Waiting for it to connect…')} />
        )}
      </ul>
      {late && !device && <Late awaited={awaited} />}
    </>
  );
}

/** Asks the machine something, which shows that messages go both ways. */
function Test(props: {
  device: IDevice;
  onTested: (works: boolean) => void;
}): React.ReactElement {
  const { gateway, trans } = useFace();
  const { device, onTested } = props;
  const id = device.device_id;
  const load = React.useCallback(async () => {
    await gateway.refreshAgents(id);
    return true;
  }, [gateway, id]);
  const { value, problem, reload } = useLoaded(load);
  const works = value === true;
  React.useEffect(() => onTested(works), [works, onTested]);
  return (
    <>
      <Stage done text={trans.__('%1 is connected', device.name)} />
      <Stage
        done={works}
        text={
          works ? answers(trans, device) : trans.__('Waiting for its answer…')
        }
      />
      <li className="jp-sr-only" role="status">
        {works && trans.__('%1 is connected and answers', device.name)}
      </li>
      {problem && (
        <li>
          <Thrown error={problem} />
          <PushButton
            text={trans.__('Ask again')}
            onClick={() => void reload()}
          />
        </li>
      )}
    </>
  );
}

function Stage(props: { done: boolean; text: string }): React.ReactElement {
  const Icon = props.done ? doneIcon : ringIcon;
  const line = React.useRef<HTMLLIElement>(null);
  React.useEffect(() => {
    line.current?.scrollIntoView({ block: 'nearest' });
  }, [props.done]);
  return (
    <li
      ref={line}
      className="wegent-State"
      data-state={props.done ? 'completed' : 'queued'}
    >
      <Icon.react tag="span" className="wegent-Mark" aria-hidden />
      {props.text}
    </li>
  );
}

/** What to look at when the machine does not come. */
function Late(props: { awaited: Awaited }): React.ReactElement {
  const { trans } = useFace();
  return (
    <div className="wegent-Hint" data-level="warning">
      {'before' in props.awaited
        ? trans.__(
            'No machine has come with the code yet. Its terminal says why: the code may have expired or been used, or the address may not be reachable from there.'
          )
        : trans.__(
            'It was let in, and does not connect. Look at its terminal: the command has to go on running, and it says what is in the way. `wegent-executor doctor` there tests the connection step by step.'
          )}
    </div>
  );
}

function useLate(awaited: Awaited): boolean {
  const [late, setLate] = React.useState<Awaited | null>(null);
  React.useEffect(() => {
    const timer = setTimeout(() => setLate(awaited), PATIENCE);
    return () => clearTimeout(timer);
  }, [awaited]);
  return late === awaited;
}

function find(
  devices: readonly IDevice[],
  awaited: Awaited
): IDevice | undefined {
  return 'before' in awaited
    ? arrived(awaited.before, devices)
    : devices.find(one => one.device_id === awaited.device_id && present(one));
}

function letIn(trans: TranslationBundle, awaited: Awaited): string {
  return 'before' in awaited
    ? trans.__('The code was made')
    : trans.__('%1 was let in', unhidden(awaited.name));
}

function answers(trans: TranslationBundle, device: IDevice): string {
  const ready = device.agents.filter(agent => !agent.practice && usable(agent));
  return ready.length > 0
    ? trans.__(
        'It answers, and can run %1',
        ready.map(one => one.name).join(', ')
      )
    : trans.__(
        'It answers. No agent is ready on it yet: its row says what helps.'
      );
}
