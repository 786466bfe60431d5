import * as React from 'react';

/** One of the things to do, under its name. */
export function Step(props: {
  title: string;
  children: React.ReactNode;
}): React.ReactElement {
  return (
    <li className="wegent-Step">
      <h3>{props.title}</h3>
      {props.children}
    </li>
  );
}
