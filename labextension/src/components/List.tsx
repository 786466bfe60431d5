import * as React from 'react';

import { useFace } from './face';
import { useValue } from './hooks';

/** A list of what the gateway tells; dimmed while the connection is lost and it may be out of date. */
export function List(
  props: React.HTMLAttributes<HTMLUListElement>
): React.ReactElement {
  const { gateway } = useFace();
  const { state } = useValue(gateway.connection);
  return (
    <ul className="wegent-List" data-stale={state !== 'open'} {...props} />
  );
}
