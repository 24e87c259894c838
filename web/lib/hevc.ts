let hasHevc: boolean | undefined;
/** Whether this browser plays H.265. Asked once: it takes the browser a while. */
export const canPlayHevc = (): boolean =>
  (hasHevc ??=
    typeof MediaSource !== 'undefined' && MediaSource.isTypeSupported('video/mp4; codecs="hvc1.1.6.L93.B0"'));
