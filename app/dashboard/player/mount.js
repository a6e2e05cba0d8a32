// What Streamlit calls: at first, and whenever the page is drawn again.

const mounted = new WeakMap();

export default function mount({ data, parentElement }) {
  let there = mounted.get(parentElement);
  if (!there) {
    there = new Player(parentElement, data);
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
