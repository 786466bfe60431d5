import * as React from 'react';

import { warnIcon } from '../icons';
import { unhidden } from '../model/text';
import { useFace } from './face';
import { useValue } from './hooks';

/** Characters that the server lets an operator say. */
const MOST = 500;

/** What the operator of this server wants everybody to know, in the operator's words. */
export function OperatorNotice(): React.ReactElement | null {
  const { gateway, trans } = useFace();
  const notice = useValue(gateway.version)?.notice;
  return notice ? (
    <div
      className="wegent-Operator"
      role="note"
      aria-label={trans.__('From the operator of this server')}
      title={trans.__('From the operator of this server')}
    >
      <warnIcon.react tag="span" className="wegent-Mark" aria-hidden />
      <span>{unhidden(notice.slice(0, MOST))}</span>
    </div>
  ) : null;
}
