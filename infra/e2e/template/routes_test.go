package template

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"

	"gleaner/shared/dashboard"
	"gleaner/shared/httpapi"
)

// maxRoutes keeps a function's resource policy within 20 KB: SAM adds a statement
// of some 400 bytes for each route.
const maxRoutes = 45

// pages are what the dashboard serves.
var pages = []string{"/", "/assets/{file+}", "/favicon.svg", "/favicon.ico"}

// routes: what the HTTP API lets through is what the functions behind it serve,
// and the reverse.
func routes(t *template) (found []string) {
	served := map[string][]string{"web": nil} // by folder
	for _, r := range httpapi.Routes() {
		served["api"] = append(served["api"], r.Method+" "+r.Pattern)
	}
	for _, r := range httpapi.WatchRoutes() {
		served["progress"] = append(served["progress"], r.Method+" "+r.Pattern)
	}
	for _, p := range pages {
		served["web"] = append(served["web"], "GET "+p)
	}
	routed := map[string]string{}
	for _, name := range t.functions() {
		events := at(t.properties(name), "Events")
		n := 0
		for _, e := range names(events) {
			if text(events, e, "Type") != "HttpApi" {
				continue
			}
			n++
			p := at(events, e, "Properties")
			route := text(p, "Method") + " " + text(p, "Path")
			if text(p, "ApiId", "Ref") != "HttpApi" {
				found = append(found, fmt.Sprintf("%s: %s is a route of no API of ours", name, route))
			}
			if routed[route] != "" {
				found = append(found, fmt.Sprintf("%s leads to %s and %s", route, routed[route], name))
			}
			routed[route] = name
			if !slices.Contains(served[t.folder(name)], route) {
				found = append(found, fmt.Sprintf("%s does not serve %s", name, route))
			}
		}
		if n > maxRoutes {
			found = append(found, fmt.Sprintf("%s has %d routes: its resource policy outgrows 20 KB", name, n))
		}
	}
	for _, all := range [][]string{served["api"], served["web"]} {
		for _, route := range all {
			if routed[route] == "" {
				found = append(found, fmt.Sprintf("%s is served, but no route leads there", route))
			}
		}
	}
	return append(append(found, unservedPages()...), streams(t, served)...)
}

// streamURL is the Function URL of the progress function.
const streamURL = "ProgressFunctionUrl.FunctionUrl"

// streams: what is too large for the HTTP API is streamed from the Function URL, to
// whom and from where the HTTP API would answer; and whoever names that URL, or
// may be sent there, knows it.
func streams(t *template, served map[string][]string) (found []string) {
	url := at(t.properties("ProgressFunction"), "FunctionUrlConfig")
	if text(url, "InvokeMode") != "RESPONSE_STREAM" || text(url, "AuthType") != "NONE" {
		found = append(found, "the URL of ProgressFunction does not stream, or asks for more than a key")
	}
	for _, route := range served["api"] {
		if isFile(route) && !slices.Contains(served["progress"], route) {
			found = append(found, fmt.Sprintf("ProgressFunction does not stream %s", route))
		}
	}
	cors := at(url, "Cors")
	if !reflect.DeepEqual(chosen(at(cors, "AllowOrigins")), allOrigins) || !slices.Contains(texts(at(cors, "AllowHeaders")), "authorization") ||
		!slices.Contains(texts(at(cors, "AllowMethods")), http.MethodGet) {
		found = append(found, "a page that may call the HTTP API with its key may not call the URL of ProgressFunction")
	}
	// SAM leaves a function of CloudFormation within this property alone only if it is
	// all of it, and an !If: see the comment there.
	if !reflect.DeepEqual(at(chosen(at(t.properties("HttpApi"), "CorsConfiguration")), "AllowOrigins"), allOrigins) {
		found = append(found, "the HTTP API does not let in the origins of the parameter")
	}
	if text(t.properties("ApiFunction"), "Environment", "Variables", "GLEANER_STREAM_URL", "Fn::GetAtt") != streamURL {
		found = append(found, "ApiFunction does not name the URL of ProgressFunction for what it cannot send")
	}
	if !strings.Contains(text(t.properties("WebFunction"), "Environment", "Variables", "GLEANER_CONNECT_ORIGINS", "Fn::Sub"), "${"+streamURL+"}") {
		found = append(found, "the dashboard's content security policy bars the URL of ProgressFunction")
	}
	return found
}

// allOrigins is what the parameter CorsOrigins names.
var allOrigins any = map[string]any{"Fn::Split": []any{",", map[string]any{"Ref": "CorsOrigins"}}}

// chosen is what !If gives where other origins are let in at all.
func chosen(v any) any {
	choice := list(v, "Fn::If")
	if len(choice) != 3 || choice[0] != "OtherOrigins" || text(choice[2], "Ref") != "AWS::NoValue" {
		return nil
	}
	return choice[1]
}

func isFile(route string) bool {
	return slices.ContainsFunc([]string{".csv", ".ndjson", ".xlsx"}, func(end string) bool { return strings.HasSuffix(route, end) })
}

// unservedPages are those of the dashboard's paths that its handler does not know.
func unservedPages() (found []string) {
	h, err := dashboard.Handler(dashboard.Options{})
	if err != nil {
		return finding("dashboard: %v", err)
	}
	for _, p := range pages {
		p = strings.Replace(p, "{file+}", "any-build/js/app.js", 1)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, p, nil))
		if w.Code != http.StatusOK {
			found = append(found, fmt.Sprintf("the dashboard answers %d to %s", w.Code, p))
		}
	}
	return found
}

// sockets: the WebSocket API has the three routes of its function and deploys them.
func sockets(t *template) (found []string) {
	if protocol := text(t.properties("SocketApi"), "ProtocolType"); protocol != "WEBSOCKET" {
		found = append(found, "ProtocolType of SocketApi is "+protocol)
	}
	deployed := texts(at(t.resource(text(t.properties("SocketStage"), "DeploymentId", "Ref")), "DependsOn"))
	keys := map[string]bool{}
	for _, name := range t.resources("AWS::ApiGatewayV2::Route") {
		keys[text(t.properties(name), "RouteKey")] = true
		if text(t.properties(name), "Target", "Fn::Sub") != "integrations/${SocketIntegration}" {
			found = append(found, name+" does not lead to the function")
		}
		if !slices.Contains(deployed, name) {
			found = append(found, fmt.Sprintf("%s may be missing in the deployment, which does not depend on it", name))
		}
	}
	for _, key := range []string{"$connect", "$disconnect", "$default"} {
		if !keys[key] {
			found = append(found, "the WebSocket API has no route "+key)
		}
	}
	if uri := text(t.properties("SocketIntegration"), "IntegrationUri", "Fn::Sub"); !strings.Contains(uri, "${WebsocketFunction.Arn}") {
		found = append(found, "the WebSocket API does not call WebsocketFunction")
	}
	if arn := text(t.properties("SocketPermission"), "SourceArn", "Fn::Sub"); !strings.HasSuffix(arn, ":${SocketApi}/live/*") ||
		text(t.properties("SocketPermission"), "FunctionName", "Ref") != "WebsocketFunction" {
		found = append(found, "the WebSocket API may not call WebsocketFunction")
	}
	return found
}
