import * as React from 'react';

import type { IAgent, IDevice } from '../api/types';
import { useFace } from './face';
import { useAction } from './hooks';
import { Thrown } from './Problem';
import { PushButton } from './PushButton';

/** Takes the path of a program that is there already, where the device did not look. */
export function AgentPath(props: {
  agent: IAgent;
  device: IDevice;
  onDone: () => void;
}): React.ReactElement {
  const { gateway, trans } = useFace();
  const { agent, device, onDone } = props;
  const [path, setPath] = React.useState(agent.path ?? '');
  const { busy, problem, run } = useAction();
  const field = React.useRef<HTMLInputElement>(null);
  React.useEffect(() => field.current?.focus(), []);
  const label = trans.__('Path of %1 on %2', agent.name, device.name);
  return (
    <form
      className="wegent-Form"
      onSubmit={event => {
        event.preventDefault();
        run(async () => {
          await gateway.setAgentPath(device.device_id, agent.id, path.trim());
          onDone();
        });
      }}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          onDone();
        }
      }}
    >
      <input
        ref={field}
        type="text"
        className="wegent-Field wegent-mod-code"
        aria-label={label}
        placeholder={label}
        spellCheck={false}
        value={path}
        onChange={event => setPath(event.target.value)}
      />
      <div className="wegent-Buttons">
        <PushButton
          submit
          accent
          text={trans.__('Use it')}
          disabled={busy || !path.trim()}
        />
        <PushButton text={trans.__('Cancel')} onClick={onDone} />
      </div>
      <Thrown error={problem} />
    </form>
  );
}
