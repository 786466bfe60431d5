import * as React from 'react';

import type { ICreatedCredential } from '../../api/access';
import { kindHelp } from '../../model/credentialWords';
import { CopyLine } from '../CopyLine';
import { useTrans } from '../face';
import { PushButton } from '../PushButton';

/** A new secret, for the only time. */
export function Secret(props: {
  made: ICreatedCredential;
  onDone: () => void;
}): React.ReactElement {
  const trans = useTrans();
  const { made, onDone } = props;
  return (
    <div className="wegent-Notice" role="group" aria-label={made.name}>
      <strong>
        {trans.__('%1: copy it now. You will not see it again.', made.name)}
      </strong>
      <CopyLine text={made.secret} />
      <span>{kindHelp(trans, made.kind)}</span>
      <div className="wegent-Buttons">
        <PushButton text={trans.__('I have it')} onClick={onDone} />
      </div>
    </div>
  );
}
