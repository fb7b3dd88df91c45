/** Whether an answer with no records means for sure that there are none. */
export const isSureOfNone = true;
