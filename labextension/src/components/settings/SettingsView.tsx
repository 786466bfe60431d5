import * as React from 'react';

import type { Cell } from '../../model/observable';
import { useTrans } from '../face';
import { GatewayNotice } from '../GatewayNotice';
import { useValue } from '../hooks';
import { Connections } from './Connections';
import { Tokens } from './Tokens';

export const SECTIONS = ['connections', 'tokens'] as const;

export type Section = (typeof SECTIONS)[number];

/** Everything about Wegent that is kept by the gateway, section by section. */
export function SettingsView(props: {
  section: Cell<Section>;
}): React.ReactElement {
  const trans = useTrans();
  const current = useValue(props.section);
  const names: Record<Section, string> = {
    connections: trans.__('Connections'),
    tokens: trans.__('API tokens')
  };
  return (
    <>
      <nav className="wegent-SettingsNav" aria-label={trans.__('Sections')}>
        {SECTIONS.map(section => (
          <button
            key={section}
            type="button"
            aria-current={section === current ? 'page' : undefined}
            onClick={() => props.section.set(section)}
          >
            {names[section]}
          </button>
        ))}
      </nav>
      <div className="wegent-SettingsMain">
        <GatewayNotice />
        {current === 'connections' ? <Connections /> : <Tokens />}
      </div>
    </>
  );
}
