package dashboard

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

//go:embed static
var static embed.FS

const (
	indexFile = "index.html"
	entryFile = "js/app.js"
)

// asset is one file, ready to be sent.
type asset struct {
	plain        []byte
	hash         string // of plain, hex
	contentType  string
	compressible bool
	brotli, gzip func() []byte // compressed on first use, then kept
}

var contentTypes = map[string]string{
	".html":  "text/html; charset=utf-8",
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".json":  "application/json",
	".svg":   "image/svg+xml",
	".txt":   "text/plain; charset=utf-8",
	".woff2": "font/woff2",
}

func newAsset(name string, content []byte) *asset {
	sum := sha256.Sum256(content)
	return &asset{
		plain:        content,
		hash:         hex.EncodeToString(sum[:12]),
		contentType:  contentTypes[path.Ext(name)],
		compressible: path.Ext(name) != ".woff2",
		brotli:       sync.OnceValue(func() []byte { return brotliOf(content) }),
		gzip:         sync.OnceValue(func() []byte { return gzipOf(content) }),
	}
}

// load reads the embedded files. build is a hash over all of them, so that the
// URL of a module changes whenever a module it imports does.
var load = sync.OnceValues(func() (files map[string]*asset, build string) {
	files = map[string]*asset{}
	all := sha256.New()
	err := fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := static.ReadFile(name)
		if err != nil {
			return err
		}
		short := strings.TrimPrefix(name, "static/")
		files[short] = newAsset(short, content)
		_, _ = all.Write([]byte(short + "\x00" + files[short].hash + "\n")) // a hash never fails
		return nil
	})
	if err != nil {
		panic(err) // the files are part of the program
	}
	return files, hex.EncodeToString(all.Sum(nil)[:6])
})

// A static import or re-export of one of our modules.
var importPattern = regexp.MustCompile(`(?m)^(?:import|export)\b[^;]*?\bfrom "(\.[^"]+)"|^import "(\.[^"]+)"`)

// imports lists the files a module imports, by path below static/.
func imports(files map[string]*asset, module string) []string {
	var names []string
	for _, m := range importPattern.FindAllSubmatch(files[module].plain, -1) {
		names = append(names, path.Join(path.Dir(module), string(m[1])+string(m[2])))
	}
	return names
}

// graph lists the modules reachable from one by static imports, itself first.
func graph(files map[string]*asset, module string) []string {
	found := []string{module}
	for i := 0; i < len(found); i++ {
		if files[found[i]] == nil {
			continue // TestModulesExist says so
		}
		for _, name := range imports(files, found[i]) {
			if !slices.Contains(found, name) {
				found = append(found, name)
			}
		}
	}
	return found
}

// preloads lets the browser fetch all modules at once instead of level by level.
func preloads(files map[string]*asset, build string) string {
	var b strings.Builder
	for _, name := range graph(files, entryFile)[1:] {
		b.WriteString(`<link rel="modulepreload" href="/assets/` + build + "/" + name + "\">\n    ")
	}
	return strings.TrimSpace(b.String())
}

func brotliOf(content []byte) []byte {
	var b bytes.Buffer
	w := brotli.NewWriterLevel(&b, 9)
	_, _ = w.Write(content) // a bytes.Buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

func gzipOf(content []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
	_, _ = w.Write(content)
	_ = w.Close()
	return b.Bytes()
}
