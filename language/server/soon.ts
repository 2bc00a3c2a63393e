/** A browser has no `setImmediate`; a message to oneself lets others have their turn just as soon. */
const soon = (run: () => void): void => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    run();
  };
  port2.postMessage(null);
};

Object.assign(globalThis, { setImmediate: soon });
