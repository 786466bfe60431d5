import * as React from 'react';

/** A field beside its name, with what is to be said of it below. */
export function Labelled(props: {
  text: string;
  /** What it means. */
  help?: string;
  /** What is wrong with it. */
  wrong?: string;
  /** Gets the id of the field and, where there is any, that of the words below it. */
  children: (id: string, about: string | undefined) => React.ReactNode;
}): React.ReactElement {
  const id = React.useId();
  const { help, wrong } = props;
  const about = help || wrong ? `${id}-about` : undefined;
  return (
    <div className="wegent-Labelled">
      <label htmlFor={id}>{props.text}</label>
      <div>
        {props.children(id, about)}
        {about && (
          <div id={about}>
            {wrong ? (
              <span className="wegent-Wrong">{wrong}</span>
            ) : (
              <span className="wegent-Hint wegent-Small">{help}</span>
            )}
          </div>
        )}
      </div>
    </div>
  );
}
