import * as React from 'react';

import type { Cell } from '../../model/observable';
import {
  PERSONAL,
  sectionName,
  SECTIONS,
  type Section
} from '../../model/sections';
import { useTrans } from '../face';
import { GatewayNotice } from '../GatewayNotice';
import { useValue } from '../hooks';
import { ModelsSection } from '../models/ModelsSection';
import { OperatorNotice } from '../OperatorNotice';
import { CodexSection } from '../personal/CodexSection';
import { ProxySection } from '../personal/ProxySection';
import { SkillsSection } from '../skills/SkillsSection';
import { Connections } from './Connections';
import { Tokens } from './Tokens';

const GENERAL = SECTIONS.filter(one => !PERSONAL.includes(one));

/** Everything about Wegent that is kept by the gateway, section by section. */
export function SettingsView(props: {
  section: Cell<Section>;
  /** The device whose skills are shown; null: that of new tasks. */
  device: Cell<string | null>;
}): React.ReactElement {
  const trans = useTrans();
  const { section, device } = props;
  const current = useValue(section);
  const personal = React.useId();
  const buttons = (sections: readonly Section[]): React.ReactElement[] =>
    sections.map(one => (
      <button
        key={one}
        type="button"
        aria-current={one === current ? 'page' : undefined}
        onClick={() => section.set(one)}
      >
        {sectionName(trans, one)}
      </button>
    ));
  return (
    <>
      <nav className="wegent-SettingsNav" aria-label={trans.__('Sections')}>
        {buttons(GENERAL)}
        <div role="group" aria-labelledby={personal}>
          <h3 id={personal}>{trans.__('Personal')}</h3>
          {buttons(PERSONAL)}
        </div>
      </nav>
      <div className="wegent-SettingsMain">
        <OperatorNotice />
        <GatewayNotice />
        <SectionBody section={current} device={device} />
      </div>
    </>
  );
}

function SectionBody(props: {
  section: Section;
  device: Cell<string | null>;
}): React.ReactElement {
  switch (props.section) {
    case 'connections':
      return <Connections />;
    case 'models':
      return <ModelsSection />;
    case 'skills':
      return <SkillsSection device={props.device} />;
    case 'tokens':
      return <Tokens />;
    case 'codex':
      return <CodexSection />;
    case 'proxy':
      return <ProxySection />;
  }
}
