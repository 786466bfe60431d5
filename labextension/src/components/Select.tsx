import * as React from 'react';

export interface IOption {
  value: string;
  label: string;
  title?: string;
  disabled?: boolean;
}

/** A native select that gives way to its neighbours. */
export function Select(props: {
  label: string;
  value: string;
  options: readonly IOption[];
  onPick: (value: string) => void;
  title?: string;
}): React.ReactElement {
  const { options, value } = props;
  return (
    <select
      className="wegent-Select"
      aria-label={props.label}
      title={props.title ?? props.label}
      value={value}
      disabled={options.length === 0}
      onChange={event => props.onPick(event.target.value)}
    >
      {options.map(option => (
        <option
          key={option.value}
          value={option.value}
          title={option.title}
          disabled={option.disabled}
        >
          {option.label}
        </option>
      ))}
    </select>
  );
}
