{{ define "chart.name" }}chart{{ end }}
