import * as React from 'react';

export interface IOption {
  value: string;
  label: string;
  title?: string;
  disabled?: boolean;
  /** The heading under which it stands, with those of the same that are next to it. */
  group?: string;
}

/** A native select that gives way to its neighbours. */
export function Select(props: {
  label: string;
  value: string;
  options: readonly IOption[];
  onPick: (value: string) => void;
  title?: string;
  /** Of a select whose name is beside it. */
  id?: string;
  describedBy?: string;
}): React.ReactElement {
  const { options, value } = props;
  return (
    <select
      className="wegent-Select"
      id={props.id}
      aria-label={props.id ? undefined : props.label}
      aria-describedby={props.describedBy}
      title={props.title ?? props.label}
      value={value}
      disabled={options.length === 0}
      onChange={event => props.onPick(event.target.value)}
    >
      {inGroups(options).map(({ group, members }) =>
        group === undefined ? (
          members.map(asOption)
        ) : (
          <optgroup key={group} label={group}>
            {members.map(asOption)}
          </optgroup>
        )
      )}
    </select>
  );
}

function asOption(option: IOption): React.ReactElement {
  const { value, label, title, disabled } = option;
  return (
    <option key={value} value={value} title={title} disabled={disabled}>
      {label}
    </option>
  );
}

function inGroups(
  options: readonly IOption[]
): { group?: string; members: IOption[] }[] {
  const groups: { group?: string; members: IOption[] }[] = [];
  for (const option of options) {
    const last = groups.at(-1);
    if (last && last.group === option.group) {
      last.members.push(option);
    } else {
      groups.push({ group: option.group, members: [option] });
    }
  }
  return groups;
}
