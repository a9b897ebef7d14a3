import type { EventWriteDTO, Finding } from '@clientele/contracts';
import { splitPath, sameJson } from '@clientele/domain';

/**
 * What binds of the warnings on a change that somebody edited. On a feed's change they only warn; on an edit those bind that are about what the
 * edit changed: nobody has to mend what the feed sent beside it, and nobody may make it worse.
 */
export function bindingFindings(original: EventWriteDTO, edited: EventWriteDTO, warnings: readonly Finding[]): readonly Finding[] {
  return warnings.filter((finding) => isAboutTheEdit(finding, original, edited));
}

function isAboutTheEdit({ path, code }: Finding, original: EventWriteDTO, edited: EventWriteDTO): boolean {
  if (path !== '') {
    const [field = path] = splitPath(path);
    return !sameJson(original.data[field], edited.data[field]);
  }
  if (code === 'arrived_late') return !sameJson(original.metadata.clock, edited.metadata.clock);
  return original.event_type !== edited.event_type || original.metadata.source_change_type !== edited.metadata.source_change_type;
}
