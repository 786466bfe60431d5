import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { DeviceStatus, IDevice, TurnState } from '../api/types';
import {
  doneIcon,
  failedIcon,
  queuedIcon,
  ringIcon,
  runningIcon,
  stoppedIcon,
  warnIcon
} from '../icons';
import { presenceLine } from '../model/deviceWords';
import { holdsSlot } from '../model/states';
import { stateWord, waitingWord } from '../model/words';
import { useFace, useTrans } from './face';
import { useNow } from './hooks';

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

/** How a device stands, and since when or for how long. */
export function DeviceState(props: { device: IDevice }): React.ReactElement {
  const { gateway, trans } = useFace();
  const { device } = props;
  const now = useNow(device.status === 'reconnecting' ? 1_000 : 30_000);
  const deadline = gateway.devices.deadline(device.device_id);
  return (
    <Mark
      state={device.status}
      icon={STATUS_ICONS[device.status]}
      word={presenceLine(trans, device, deadline, now)}
    />
  );
}

/** The mark alone, where the words are beside it. */
export function DeviceDot(props: { status: DeviceStatus }): React.ReactElement {
  return <Mark state={props.status} icon={STATUS_ICONS[props.status]} />;
}

/** A mark and a word of any kind. */
export function Mark(props: {
  state: string;
  icon: LabIcon;
  word?: string;
}): React.ReactElement {
  return (
    <span className="wegent-State" data-state={props.state}>
      <props.icon.react tag="span" className="wegent-Mark" aria-hidden />
      {props.word}
    </span>
  );
}
