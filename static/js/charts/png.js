// The chart as a picture: its title, its lines by name, the plot, on the page's background.

const MARGIN = 16;
const LINE = 22;

export function savePng(chart, name) {
  const plot = chart.plot.ctx.canvas;
  const ratio = window.devicePixelRatio || 1;
  const head = MARGIN + LINE * 2;
  const canvas = document.createElement("canvas");
  canvas.width = plot.width + 2 * MARGIN * ratio;
  canvas.height = plot.height + (head + MARGIN) * ratio;
  const context = canvas.getContext("2d");
  context.fillStyle = chart.colours.surface;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(plot, MARGIN * ratio, head * ratio);
  context.scale(ratio, ratio);
  const face = getComputedStyle(document.body).fontFamily;
  context.fillStyle = chart.colours.text;
  context.font = `600 14px ${face}`;
  context.fillText(chart.title, MARGIN, MARGIN + 12);
  context.font = `12px ${face}`;
  let x = MARGIN;
  chart.data.series.forEach((line, place) => {
    context.fillStyle = chart.colours.line(place);
    context.fillText(`— ${line.label}`, x, MARGIN + LINE + 12);
    x += context.measureText(`— ${line.label}`).width + MARGIN;
  });
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}
