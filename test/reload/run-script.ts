import { getQuickJS } from "quickjs-emscripten";

/** Evaluates `(code)(globals)` in this realm, as an engine for trusted plugins does. */
export function runHere(code: string, globals: object): Record<string, unknown> {
  return new Function(`return ${code}`)()(globals);
}

/** The text of an expression about `plugin`, the exports of `code`, evaluated by QuickJS. */
export async function askQuickJs(code: string, globals: string, expression: string): Promise<string> {
  const context = (await getQuickJS()).newContext();
  try {
    const answer = context.evalCode(`const plugin = (\n${code}\n)(${globals}); String(${expression})`);
    return context.getString(context.unwrapResult(answer));
  } finally {
    context.dispose();
  }
}
