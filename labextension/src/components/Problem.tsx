import * as React from 'react';

import { ApiError } from '../api/caller';
import { isCommand, pieces } from '../model/fixes';
import { unhidden } from '../model/text';
import { CopyLine } from './CopyLine';

/** What went wrong, and what makes it right. */
export function Problem(props: {
  message: string;
  fix?: string | null;
}): React.ReactElement {
  return (
    <div className="wegent-Problem" role="alert">
      <span>{unhidden(props.message)}</span>
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
  if (!isCommand(props.command)) {
    return (
      <span className="wegent-Advice">
        {pieces(unhidden(props.command)).map(({ text, code }, at) =>
          code ? <code key={at}>{text}</code> : text
        )}
      </span>
    );
  }
  return <CopyLine text={props.command} />;
}
