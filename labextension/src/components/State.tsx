import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { DeviceStatus, TurnState } from '../api/types';
import {
  doneIcon,
  failedIcon,
  queuedIcon,
  ringIcon,
  runningIcon,
  stoppedIcon,
  warnIcon
} from '../icons';
import { holdsSlot } from '../model/states';
import { stateWord, statusWord, waitingWord } from '../model/words';
import { useTrans } from './face';

const STATE_ICONS: Record<TurnState, LabIcon> = {
  queued: queuedIcon,
  starting: ringIcon,
  running: runningIcon,
  completed: doneIcon,
  failed: failedIcon,
  cancelled: stoppedIcon
};

const STATUS_ICONS: Record<DeviceStatus, LabIcon> = {
  online: runningIcon,
  busy: runningIcon,
  reconnecting: ringIcon,
  offline: ringIcon
};

/** A mark and a word, so that colour is never the only sign. */
export function State(props: {
  state: TurnState;
  cancelling?: boolean;
  /** A person is needed. */
  waiting?: boolean;
  /** Instead of the state's own. */
  word?: string;
}): React.ReactElement {
  const trans = useTrans();
  if (props.waiting && holdsSlot(props.state) && !props.cancelling) {
    return <Mark state="waiting" icon={warnIcon} word={waitingWord(trans)} />;
  }
  return (
    <Mark
      state={props.state}
      icon={STATE_ICONS[props.state]}
      word={
        props.word ?? stateWord(trans, props.state, props.cancelling ?? false)
      }
    />
  );
}

export function Status(props: { status: DeviceStatus }): React.ReactElement {
  const trans = useTrans();
  return (
    <Mark
      state={props.status}
      icon={STATUS_ICONS[props.status]}
      word={statusWord(trans, props.status)}
    />
  );
}

function Mark(props: {
  state: string;
  icon: LabIcon;
  word: string;
}): React.ReactElement {
  return (
    <span className="wegent-State" data-state={props.state}>
      <props.icon.react tag="span" className="wegent-Mark" aria-hidden />
      {props.word}
    </span>
  );
}
