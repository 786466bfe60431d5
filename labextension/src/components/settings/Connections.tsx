import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Commands } from '../../commands';
import { inGroup, type DeviceGroup } from '../../model/devices';
import { useFace } from '../face';
import { useValue } from '../hooks';
import { IconButton } from '../IconButton';
import { DeviceTable } from './DeviceTable';

const GROUPS: readonly DeviceGroup[] = ['local', 'remote', 'cloud'];

/** The devices to which this account can connect. */
export function Connections(): React.ReactElement {
  const { gateway, trans, commands } = useFace();
  const devices = useValue(gateway.devices);
  const add = trans.__('Add device…');
  return (
    <section className="wegent-Settings" aria-labelledby="wegent-connections">
      <header>
        <h2 id="wegent-connections">{trans.__('Connections')}</h2>
        <IconButton
          accent
          icon={addIcon}
          label={add}
          text={add}
          onClick={() => void commands.execute(Commands.addDevice)}
        />
      </header>
      {GROUPS.map(group => {
        const shown = inGroup(devices, group);
        return (
          <section key={group} aria-label={groupName(trans, group)}>
            <h3>{groupName(trans, group)}</h3>
            {shown.length > 0 ? (
              <DeviceTable devices={shown} />
            ) : (
              <p className="wegent-Hint">{nothing(trans, group)}</p>
            )}
          </section>
        );
      })}
    </section>
  );
}

function groupName(trans: TranslationBundle, group: DeviceGroup): string {
  return {
    local: trans.__('Local devices'),
    remote: trans.__('Remote devices'),
    cloud: trans.__('Cloud devices')
  }[group];
}

function nothing(trans: TranslationBundle, group: DeviceGroup): string {
  return {
    local: trans.__('No local device yet. Add one: it takes two commands.'),
    remote: trans.__('No remote device.'),
    cloud: trans.__('No cloud provider is configured on this server.')
  }[group];
}
