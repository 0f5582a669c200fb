// Put before the parts that build their page of elements. Strings among the children become text, never HTML.
const make = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

// What the part says, in the language of the reader: its data brings a translation of each message.
const saying = (data) => (text, values = {}) =>
  ((data.said || {})[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

