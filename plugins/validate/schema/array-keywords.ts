/** Core section 10.3.1, validation section 6.4: keywords for arrays. */
import { canonical, isArray, type Json } from "../../shared/json/json.ts";
import { countIn, type Keyword, listIn, wrong } from "./place.ts";

export const prefixItems: Keyword = (place, value) => {
  const checks = listIn(place, "prefixItems", value).map((_, index) => place.sub("prefixItems", index));
  return (found, run, seen) => {
    if (!isArray(found)) return true;
    let fits = true;
    const end = Math.min(checks.length, found.length);
    for (let index = 0; index < end; index++) {
      if (!run.inside(index, checks[index]!, found[index]!)) fits = false;
      if (!fits && run.isDecided) return false;
    }
    seen?.addItemsTo(end);
    return fits;
  };
};

export const items: Keyword = (place) => {
  const check = place.sub("items");
  const prefix = place.schema["prefixItems"];
  const begin = isArray(prefix) ? prefix.length : 0;
  return (found, run, seen) => {
    if (!isArray(found)) return true;
    let fits = true;
    for (let index = begin; index < found.length; index++) {
      if (!run.inside(index, check, found[index]!)) fits = false;
      if (!fits && run.isDecided) return false;
    }
    seen?.addItemsTo(found.length);
    return fits;
  };
};

export const contains: Keyword = (place) => {
  const check = place.sub("contains");
  const { minContains = 1, maxContains = null } = place.schema;
  const least = countIn(place, "minContains", minContains);
  const most = maxContains === null ? Number.POSITIVE_INFINITY : countIn(place, "maxContains", maxContains);
  return (found, run, seen) => {
    if (!isArray(found)) return true;
    let count = 0;
    for (let index = 0; index < found.length; index++) {
      if (!run.quietly(check, found[index]!, null)) continue;
      count++;
      seen?.addItem(index);
    }
    if (count < least) return run.fail(`${place.at}/contains`, `must have at least ${least} items of a kind`);
    return count <= most || run.fail(`${place.at}/maxContains`, `must have at most ${most} items of a kind`);
  };
};

export const unevaluatedItems: Keyword = (place) => {
  const check = place.sub("unevaluatedItems");
  return (found, run, seen) => {
    if (!isArray(found)) return true;
    let fits = true;
    for (let index = 0; index < found.length; index++) {
      if (seen!.hasItem(index)) continue;
      if (!run.inside(index, check, found[index]!)) fits = false;
      if (!fits && run.isDecided) return false;
    }
    seen!.addItemsTo(found.length);
    return fits;
  };
};

export const minItems: Keyword = (place, value) => {
  const least = countIn(place, "minItems", value);
  return (found, run) =>
    !isArray(found) ||
    found.length >= least ||
    run.fail(`${place.at}/minItems`, `must have at least ${least} items`);
};

export const maxItems: Keyword = (place, value) => {
  const most = countIn(place, "maxItems", value);
  return (found, run) =>
    !isArray(found) ||
    found.length <= most ||
    run.fail(`${place.at}/maxItems`, `must have at most ${most} items`);
};

export const uniqueItems: Keyword = (place, value) => {
  if (typeof value !== "boolean") throw wrong(place, "uniqueItems", "true or false");
  if (!value) return null;
  return (found, run) => {
    if (!isArray(found)) return true;
    // By text, so that it takes as long as the array is, and not its square.
    const texts = new Set<string>();
    for (const [index, item] of found.entries()) {
      texts.add(canonical(item as Json, run.step));
      if (texts.size <= index) {
        return run.failAt(index, `${place.at}/uniqueItems`, "must not equal an item before it");
      }
    }
    return true;
  };
};
