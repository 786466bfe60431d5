import { launchIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Commands } from '../../commands';
import { wegentIcon } from '../../icons';
import { unhidden } from '../../model/text';
import { useFace } from '../face';
import { IconButton } from '../IconButton';
import { PracticeBand } from '../PracticeBand';
import { SHOWS } from './seen';

/** The top of a card: which task, how it stands, what can be done. */
export function CardHeader(props: {
  title: string;
  practice: boolean;
  /** The task, where the card shows how it goes on. */
  shows?: number;
  /** How it stands, where and by whom. */
  facts: React.ReactNode;
  /** Beside the title. */
  tools?: React.ReactNode;
  children?: React.ReactNode;
}): React.ReactElement {
  const title = unhidden(props.title);
  return (
    <div className="wegent-CardHeader" {...{ [SHOWS]: props.shows }}>
      <div className="wegent-CardTitle">
        <wegentIcon.react tag="span" className="wegent-Mark" aria-hidden />
        <span className="wegent-Title" title={title}>
          {title}
        </span>
        {props.tools}
      </div>
      <div className="wegent-Facts">{props.facts}</div>
      {props.children}
      {props.practice && <PracticeBand />}
    </div>
  );
}

/** Opens the task's tab. */
export function OpenTask(props: {
  id: number;
  text?: string;
}): React.ReactElement {
  const { commands, trans } = useFace();
  return (
    <IconButton
      icon={launchIcon}
      label={props.text ?? trans.__('Open the task')}
      text={props.text ?? trans.__('Open')}
      onClick={() => void commands.execute(Commands.openTask, { id: props.id })}
    />
  );
}
