import { caretDownIcon, checkIcon } from '@jupyterlab/ui-components';
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
import { usePopover } from './popover';
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
  const { open, close, button, popup } = usePopover();
  return (
    <>
      <button
        type="button"
        className="wegent-Select wegent-Picker"
        role="combobox"
        aria-label={trans.__('Device')}
        aria-haspopup="dialog"
        aria-expanded={open}
        aria-controls={popup.id}
        title={props.fixed ?? device?.name ?? trans.__('Device')}
        disabled={devices.length === 0 || props.fixed !== undefined}
        {...button}
      >
        {device && <DeviceDot status={device.status} />}
        <span className="wegent-Title">
          {device?.name ?? trans.__('No device')}
        </span>
        {device && hasNamesake(devices, device) && (
          <span className="wegent-Small">{executorWord(trans, device)}</span>
        )}
        <caretDownIcon.react tag="span" className="wegent-Mark" aria-hidden />
      </button>
      <div
        {...popup}
        className="wegent-Popover"
        role="dialog"
        aria-label={trans.__('Choose a device')}
      >
        {open && (
          <Choices
            devices={devices}
            chosen={device}
            queues={queues}
            onPick={id => {
              props.onPick(id);
              close();
            }}
          />
        )}
      </div>
    </>
  );
}

function Choices(props: {
  devices: readonly IDevice[];
  chosen: IDevice | undefined;
  queues: boolean;
  onPick: (id: string) => void;
}): React.ReactElement {
  const trans = useTrans();
  const list = React.useRef<HTMLUListElement>(null);
  React.useEffect(() => {
    // The popover shows after this, and takes the focus to its first button.
    const frame = requestAnimationFrame(() =>
      (
        list.current?.querySelector<HTMLElement>('[aria-current="true"]') ??
        buttons(list.current)[0]
      )?.focus()
    );
    return () => cancelAnimationFrame(frame);
  }, []);
  return (
    <ul
      ref={list}
      className="wegent-List"
      onKeyDown={event => {
        if (moveFocus(list.current, event.key)) {
          event.preventDefault();
        }
      }}
    >
      {props.devices.map(device => (
        <li key={device.device_id} data-status={device.status}>
          <Choice
            device={device}
            apart={apartWord(trans, props.devices, device)}
            chosen={device.device_id === props.chosen?.device_id}
            queues={props.queues}
            onPick={() => props.onPick(device.device_id)}
          />
          <StarToggle device={device} />
        </li>
      ))}
    </ul>
  );
}

function Choice(props: {
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
    <button
      type="button"
      className="wegent-Choice"
      aria-current={props.chosen}
      title={queues ? sendingWord(trans, device) : undefined}
      onClick={props.onPick}
    >
      <span className="wegent-Chosen">
        {props.chosen && (
          <checkIcon.react tag="span" className="wegent-Mark" aria-hidden />
        )}
      </span>
      <span>
        <span className="wegent-Title">{device.name}</span>
        <span className="wegent-Facts">
          {props.apart && <span>{props.apart}</span>}
          <DeviceState device={device} />
          <span>{slotsWord(trans, device)}</span>
          {queues && device.status !== 'online' && (
            <span>{trans.__('queues')}</span>
          )}
        </span>
      </span>
    </button>
  );
}

function buttons(list: HTMLElement | null): HTMLElement[] {
  return [...(list?.querySelectorAll<HTMLElement>('.wegent-Choice') ?? [])];
}

/** Up and down lead through the devices, right to the star and left back; says whether the key was one of these. */
function moveFocus(list: HTMLElement | null, key: string): boolean {
  const all = buttons(list);
  const row = document.activeElement?.closest('li');
  const at = all.findIndex(button => button.parentElement === row);
  const target = {
    ArrowDown: all[Math.min(at + 1, all.length - 1)],
    ArrowUp: all[Math.max(at - 1, 0)],
    Home: all[0],
    End: all.at(-1),
    ArrowLeft: all[at],
    ArrowRight: row?.querySelector<HTMLElement>('.wegent-Star button')
  }[key];
  target?.focus();
  return target !== undefined;
}
