// There are two builds of the library, a small one and one with three dimensions; each leaves itself in one global name.
const load = (url) => {
  window.mmlabPlotly ||= {};
  return (window.mmlabPlotly[url] ||= new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => done(window.Plotly);
    script.onerror = () => {
      delete window.mmlabPlotly[url];
      script.remove();
      fail(new Error("The drawing library did not load."));
    };
    document.head.appendChild(script);
  }));
};
