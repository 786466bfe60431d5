import * as React from 'react';

import type { ITurn } from '../api/types';
import { Commands } from '../commands';
import { present } from '../model/devices';
import { hasTerminals } from '../model/labTerminal';
import { usesIssued } from '../model/modelMenu';
import { useFace } from './face';
import { useDevice, useValue } from './hooks';
import { PushButton } from './PushButton';

/** Leads to what mends an account that was refused: the key of a provider, or the agent's own login. */
export function AccountButton(props: {
  turn: ITurn;
}): React.ReactElement | null {
  const { gateway, trans, commands } = useFace();
  const { device_id, agent: id, model } = props.turn;
  const device = useDevice(device_id);
  const menu = useValue(gateway.modelMenu);
  const agent = device?.agents.find(one => one.id === id);
  if (!device || !agent) {
    return null;
  }
  if (usesIssued(menu, agent, model)) {
    const args = { section: 'models' };
    return (
      <PushButton
        text={trans.__('Models…')}
        title={trans.__('Change the key of the provider')}
        onClick={() => void commands.execute(Commands.openSettings, args)}
      />
    );
  }
  const byCode = agent.device_login === true && present(device);
  const inTerminal =
    device.embedded && !!agent.login_command && hasTerminals(commands);
  const args = { device: device_id, agent: id };
  return byCode || inTerminal ? (
    <PushButton
      text={byCode ? trans.__('Log in…') : trans.__('Log in')}
      title={
        byCode
          ? trans.__('Log in to %1 on %2', agent.name, device.name)
          : (agent.login_command ?? undefined)
      }
      onClick={() => void commands.execute(Commands.logIn, args)}
    />
  ) : null;
}
