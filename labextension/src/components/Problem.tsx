import { Clipboard } from '@jupyterlab/apputils';
import { copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { ApiError } from '../api/rest';
import { useTrans } from './face';
import { IconButton } from './IconButton';

/** What went wrong, and what makes it right. */
export function Problem(props: {
  message: string;
  fix?: string | null;
}): React.ReactElement {
  return (
    <div className="wegent-Problem" role="alert">
      <span>{props.message}</span>
      {props.fix && <Fix command={props.fix} />}
    </div>
  );
}

/** As `Problem`, of what an action failed with; nothing for null. */
export function Thrown(props: {
  error: Error | null;
}): React.ReactElement | null {
  const { error } = props;
  return (
    error && (
      <Problem
        message={error.message}
        fix={error instanceof ApiError ? error.fix : null}
      />
    )
  );
}

/** A command to copy. */
export function Fix(props: { command: string }): React.ReactElement {
  const trans = useTrans();
  return (
    <span className="wegent-Fix">
      <code>{props.command}</code>
      <IconButton
        icon={copyIcon}
        label={trans.__('Copy')}
        onClick={() => Clipboard.copyToSystem(props.command)}
      />
    </span>
  );
}
