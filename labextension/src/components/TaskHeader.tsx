import { stopIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IDevice, ITask, ITurn } from '../api/types';
import { branchIcon } from '../icons';
import { present } from '../model/devices';
import { secondsTo, slotsWord } from '../model/deviceWords';
import { placeTitle, placeWord } from '../model/projectWords';
import { holdsSlot, isFinal } from '../model/states';
import { elapsed, modeHelp, modeWord, queueLine } from '../model/words';
import { useFace, useTrans } from './face';
import { useAction, useNow, useValue } from './hooks';
import { IconButton } from './IconButton';
import { MenuButton } from './menu';
import { PracticeBand } from './PracticeBand';
import { Thrown } from './Problem';
import { placeMenu } from './projects/projectMenu';
import { State } from './State';
import { TerminalButton } from './TerminalButton';

interface ITaskHeaderProps {
  task: ITask;
  turn: ITurn | undefined;
  device: IDevice | undefined;
  agentName: string;
}

/** Where, by whom and how a task runs, how it stands, and Stop. */
export function TaskHeader(props: ITaskHeaderProps): React.ReactElement {
  const { task, turn } = props;
  return (
    <div className="wegent-Header">
      <div className="wegent-Facts">
        <WhereFacts {...props} />
      </div>
      <Tools {...props} />
      <div className="wegent-Facts">
        <State
          state={turn?.state ?? task.state}
          cancelling={turn?.cancelling ?? task.cancelling}
          waiting={task.waiting > 0}
        />
        {turn && holdsSlot(turn.state) && <Elapsed turn={turn} />}
        <QueueFacts {...props} />
        {!isFinal(turn?.state ?? task.state) && (
          <Stop task={task} turn={turn} />
        )}
      </div>
      <Away {...props} />
      {task.practice && <PracticeBand />}
    </div>
  );
}

function WhereFacts(props: ITaskHeaderProps): React.ReactElement {
  const { gateway, trans } = useFace();
  const { task, device, agentName } = props;
  useValue(gateway.projects);
  const project = gateway.projects.get(task.project_id);
  const isWorktree = task.workspace_source === 'git_worktree';
  return (
    <>
      <span>{device?.name ?? trans.__('unknown device')}</span>
      <span>{agentName}</span>
      {project && !isWorktree && <span>{project.name}</span>}
      <span className="wegent-Where" title={placeTitle(trans, task)}>
        {isWorktree && (
          <branchIcon.react tag="span" className="wegent-Mark" aria-hidden />
        )}
        <span className="wegent-Path">
          <bdi>{placeWord(trans, task, project)}</bdi>
        </span>
      </span>
      <span title={modeHelp(trans, task.mode)}>
        {modeWord(trans, task.mode)}
      </span>
    </>
  );
}

/** What can be done where the task works. */
function Tools(props: ITaskHeaderProps): React.ReactElement {
  const trans = useTrans();
  const { task, device } = props;
  const more = placeMenu(task);
  return (
    <span className="wegent-HeaderTools">
      <TerminalButton
        device={device}
        task={task.id}
        label={trans.__('Open a terminal where this task works')}
        reason={task.workspace ? '' : trans.__('its folder is not made yet')}
      />
      {more.length > 0 && (
        <MenuButton
          label={trans.__('More about where this task works')}
          items={() => more}
        />
      )}
    </span>
  );
}

export function QueueFacts(props: ITaskHeaderProps): React.ReactElement {
  const { trans } = useFace();
  const { task, turn, device } = props;
  return (
    <>
      {turn?.state === 'queued' && <span>{queueLine(trans, task)}</span>}
      {device && turn && !isFinal(turn.state) && (
        <span>{slotsWord(trans, device)}</span>
      )}
    </>
  );
}

/** Where the device is, while the task needs it. */
export function Away(props: ITaskHeaderProps): React.ReactElement | null {
  const { task, turn, device } = props;
  const ended = isFinal(turn?.state ?? task.state);
  return device && !present(device) && !ended ? (
    <p className="wegent-Hint" data-level="warning">
      {device.status === 'offline' ? (
        <Offline device={device} />
      ) : (
        <Reconnecting device={device} />
      )}
    </p>
  ) : null;
}

function Offline(props: { device: IDevice }): React.ReactElement {
  const { trans } = useFace();
  const { name } = props.device;
  return <>{trans.__('%1 is offline; this waits until it is back.', name)}</>;
}

function Reconnecting(props: { device: IDevice }): React.ReactElement {
  const { gateway, trans } = useFace();
  const { name, device_id } = props.device;
  const now = useNow(1_000);
  const deadline = gateway.devices.deadline(device_id);
  return (
    <>
      {deadline === null
        ? trans.__('%1 is reconnecting; nothing is lost.', name)
        : trans.__(
            '%1 is reconnecting; nothing is lost. %2 s left.',
            name,
            secondsTo(deadline, now)
          )}
    </>
  );
}

export function Elapsed(props: { turn: ITurn }): React.ReactElement {
  const now = useNow(1_000);
  const { started_at, created_at } = props.turn;
  return (
    <span className="wegent-Elapsed">
      {elapsed(started_at ?? created_at, now)}
    </span>
  );
}

export function Stop(props: {
  task: ITask;
  turn: ITurn | undefined;
}): React.ReactElement {
  const { gateway, trans } = useFace();
  const { task, turn } = props;
  const { busy, problem, run } = useAction();
  return (
    <span className="wegent-Stop">
      <Thrown error={problem} />
      <IconButton
        icon={stopIcon}
        label={trans.__('Stop')}
        text={trans.__('Stop')}
        disabled={busy || (turn ?? task).cancelling}
        onClick={() => run(() => gateway.stop(task.id, turn?.id))}
      />
    </span>
  );
}
