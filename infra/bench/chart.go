package bench

import (
	"fmt"
	"math"
	"strings"
)

// The chart's measures in pixels.
const (
	chartWidth, chartHeight = 900, 480
	chartLeft, chartRight   = 80, 250
	chartTop, chartBottom   = 50, 60
)

var chartColours = []string{"#1b6ca8", "#c2571a", "#2a7f4f", "#8a3ffc", "#a3153d", "#57606a", "#b28600", "#00798c"}

// drawChart draws time to finish over batch size, both on logarithmic axes, as SVG.
// The ring on each line is what the planner's rule gives.
func drawChart(all []scenario) string {
	low, high := math.Inf(1), 0.0
	for i := range all {
		for _, r := range append([]Simulated{all[i].rule}, all[i].runs...) {
			low, high = min(low, r.Makespan.Seconds()), max(high, r.Makespan.Seconds())
		}
	}
	low, high = math.Log(low*0.8), math.Log(high*1.2)
	least, most := math.Log(float64(simulatedSizes[0])*0.8), math.Log(float64(simulatedSizes[len(simulatedSizes)-1])*1.2)
	x := func(size int) float64 {
		return chartLeft + (math.Log(float64(size))-least)/(most-least)*(chartWidth-chartLeft-chartRight)
	}
	y := func(seconds float64) float64 {
		return chartHeight - chartBottom - (math.Log(seconds)-low)/(high-low)*(chartHeight-chartTop-chartBottom)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`, chartWidth, chartHeight)
	fmt.Fprintf(&b, "\n"+`<rect width="%d" height="%d" fill="#fff"/><text x="%d" y="26" font-size="16">Time to finish by batch size, %d workers (ring: the planner's rule)</text>`,
		chartWidth, chartHeight, chartLeft, DefaultModel.Workers)
	for _, size := range simulatedSizes {
		fmt.Fprintf(&b, "\n"+`<path d="M%.1f %dV%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle">%d</text>`,
			x(size), chartTop, chartHeight-chartBottom, x(size), chartHeight-chartBottom+18, size)
	}
	fmt.Fprintf(&b, "\n"+`<text x="%d" y="%d" text-anchor="middle">URLs in a batch</text>`, (chartLeft+chartWidth-chartRight)/2, chartHeight-chartBottom+42)
	for _, seconds := range []float64{10, 20, 50, 100, 200, 500, 1000, 2000, 5000} {
		if v := math.Log(seconds); v > low && v < high {
			fmt.Fprintf(&b, "\n"+`<path d="M%d %.1fH%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%.0f s</text>`,
				chartLeft, y(seconds), chartWidth-chartRight, chartLeft-8, y(seconds)+4, seconds)
		}
	}
	for i := range all {
		s, colour := &all[i], chartColours[i%len(chartColours)]
		var points []string
		for _, r := range s.runs {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(r.Batch), y(r.Makespan.Seconds())))
		}
		fmt.Fprintf(&b, "\n"+`<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`, strings.Join(points, " "), colour)
		fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="6" fill="none" stroke="%s" stroke-width="2"/>`,
			x(max(s.rule.Batch, simulatedSizes[0])), y(s.rule.Makespan.Seconds()), colour)
		fmt.Fprintf(&b, `<text x="%d" y="%d" fill="%s">%d URLs, %s hosts</text>`, chartWidth-chartRight+16, chartTop+10+20*i, colour, s.urls, s.name)
	}
	b.WriteString("\n</svg>\n")
	return b.String()
}
