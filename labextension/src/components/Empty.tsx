import * as React from 'react';

import { useFace } from './face';
import { useValue } from './hooks';

/** What an empty section says; nothing while it is not known whether it is empty. */
export function Empty(props: {
  text: string;
  /** What can be done about it. */
  children?: React.ReactNode;
}): React.ReactElement | null {
  const { gateway } = useFace();
  const version = useValue(gateway.version);
  const { state } = useValue(gateway.connection);
  return state === 'open' && version?.state === 'running' ? (
    <div className="wegent-Empty">
      <p>{props.text}</p>
      {props.children}
    </div>
  ) : null;
}
