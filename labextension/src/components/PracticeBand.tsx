import * as React from 'react';

import { useTrans } from './face';

/** Says that what is seen here is scripted. Never leave it out where something is practice. */
export function PracticeBand(): React.ReactElement {
  const trans = useTrans();
  return (
    <div className="wegent-Practice" role="note">
      {trans.__('PRACTICE: scripted, not AI')}
    </div>
  );
}
