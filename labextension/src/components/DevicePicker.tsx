import * as React from 'react';

import type { IDevice } from '../api/types';
import { hasNamesake } from '../model/devices';
import {
  apartWord,
  executorWord,
  sendingWord,
  slotsWord
} from '../model/deviceWords';
import { useFace, useTrans } from './face';
import { useValue } from './hooks';
import { Choice, ChoiceList, Picker } from './Picker';
import { StarToggle } from './StarToggle';
import { DeviceDot, DeviceState } from './State';

/** Where to run something: every device may be chosen; where it is away or busy, a message waits. */
export function DevicePicker(props: {
  device: IDevice | undefined;
  onPick: (id: string) => void;
  /** What it is for can wait for the device, as messages do. */
  queues?: boolean;
  /** Those that can be chosen; all by default. */
  offers?: (device: IDevice) => boolean;
  /** Why no other one can be chosen. */
  fixed?: string;
}): React.ReactElement {
  const { gateway, trans } = useFace();
  const { device, queues = true, offers = () => true } = props;
  const devices = useValue(gateway.devices).filter(offers);
  return (
    <Picker
      label={trans.__('Device')}
      question={trans.__('Choose a device')}
      title={props.fixed ?? device?.name ?? trans.__('Device')}
      disabled={devices.length === 0 || props.fixed !== undefined}
      chosen={
        <>
          {device && <DeviceDot status={device.status} />}
          <span className="wegent-Title">
            {device?.name ?? trans.__('No device')}
          </span>
          {device && hasNamesake(devices, device) && (
            <span className="wegent-Small">{executorWord(trans, device)}</span>
          )}
        </>
      }
      choices={close => (
        <ChoiceList>
          {devices.map(one => (
            <li key={one.device_id} data-status={one.status}>
              <DeviceChoice
                device={one}
                apart={apartWord(trans, devices, one)}
                chosen={one.device_id === device?.device_id}
                queues={queues}
                onPick={() => {
                  props.onPick(one.device_id);
                  close();
                }}
              />
              <StarToggle device={one} />
            </li>
          ))}
        </ChoiceList>
      )}
    />
  );
}

function DeviceChoice(props: {
  device: IDevice;
  /** What tells it from others. */
  apart: string;
  chosen: boolean;
  queues: boolean;
  onPick: () => void;
}): React.ReactElement {
  const trans = useTrans();
  const { device, queues } = props;
  return (
    <Choice
      chosen={props.chosen}
      title={queues ? sendingWord(trans, device) : undefined}
      onPick={props.onPick}
    >
      <span className="wegent-Title">{device.name}</span>
      <span className="wegent-Facts">
        {props.apart && <span>{props.apart}</span>}
        <DeviceState device={device} />
        <span>{slotsWord(trans, device)}</span>
        {queues && device.status !== 'online' && (
          <span>{trans.__('queues')}</span>
        )}
      </span>
    </Choice>
  );
}
