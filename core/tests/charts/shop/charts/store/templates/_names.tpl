{{ define "overridden" }}from the subchart{{ end }}
