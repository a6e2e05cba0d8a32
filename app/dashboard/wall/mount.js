// What Streamlit calls: at first, and whenever the page is drawn again.

const mounted = new WeakMap();

export default function mount({ data, parentElement, setTriggerValue }) {
  let there = mounted.get(parentElement);
  if (!there) {
    there = data.screen_mode
      ? new Screen(parentElement, data)
      : new Wall(parentElement, data, (where) => setTriggerValue("open", where));
    mounted.set(parentElement, there);
    there.start();
  } else {
    there.configure(data);
  }
  return () => {
    there.stop();
    mounted.delete(parentElement);
  };
}
