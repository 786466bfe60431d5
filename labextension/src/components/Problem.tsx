import { Clipboard } from '@jupyterlab/apputils';
import { copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { ApiError } from '../api/rest';
import { isCommand, pieces } from '../model/fixes';
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

/** What helps: a command to copy, or a sentence. */
export function Fix(props: { command: string }): React.ReactElement {
  const trans = useTrans();
  if (!isCommand(props.command)) {
    return (
      <span className="wegent-Advice">
        {pieces(props.command).map(({ text, code }, at) =>
          code ? <code key={at}>{text}</code> : text
        )}
      </span>
    );
  }
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
